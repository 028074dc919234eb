package judge;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.internal.TableResultInternal;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.utils.print.RowDataToStringConverter;
import org.apache.flink.util.CloseableIterator;

/** One session: runs the steps of a script and says what each gave. */
final class Judge {
    /** @param kind `query` (lines are changes), `result` (lines of SHOW, EXPLAIN …), `ok` or `error` */
    record Answer(int line, String sql, String kind, List<String> columns, List<String> lines) {}

    private static final Pattern SET = Pattern.compile("(?is)SET\\s+'([^']+)'\\s*=\\s*'([^']*)'");
    private static final Pattern RESET = Pattern.compile("(?is)RESET(?:\\s+'([^']+)')?");
    private static final Pattern FILESYSTEM = Pattern.compile("(?i)'connector'\\s*=\\s*'filesystem'");
    private static final Pattern PATH = Pattern.compile("(?i)'path'\\s*=\\s*'([^']+)'");
    private static final Pattern QUERY = Pattern.compile("(?is)(SELECT|WITH|VALUES|\\()\\b?.*");
    private static final long QUERY_SECONDS = 20;
    private static final String CATALOG = "default_catalog";

    private final Path directory;
    private final boolean alternate;
    private final boolean replay;
    /** Keys that were SET, but for the runtime mode. */
    private final Map<String, String> settings = new LinkedHashMap<>();
    private boolean inBatch = false;
    private TableEnvironment environment;

    /** @param replay whether filesystem tables are read by the replay connector, in one order */
    Judge(Path directory, boolean alternate, boolean replay) throws Exception {
        this.directory = directory;
        this.alternate = alternate;
        this.replay = replay;
        environment = createEnvironment();
    }

    /** With the catalog of the one before: modes and settings belong to an environment for good. Temporary things go. */
    private TableEnvironment createEnvironment() throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("execution.target", "remote");
        configuration.setString("rest.address", Daemon.clusterAddress().getHost());
        configuration.setString("rest.port", String.valueOf(Daemon.clusterAddress().getPort()));
        configuration.setString("parallelism.default", "1");
        configuration.setString("table.local-time-zone", "UTC");
        configuration.setString("restart-strategy.type", "none");
        configuration.setString("table.optimizer.reuse-sub-plan-enabled", "false");
        configuration.setString("table.optimizer.reuse-source-enabled", "false");
        configuration.setString("execution.runtime-mode", inBatch ? "BATCH" : "STREAMING");
        if (!inBatch) configuration.setString("execution.buffer-timeout.interval", "0 ms");
        settings.forEach(configuration::setString);
        EnvironmentSettings.Builder builder = EnvironmentSettings.newInstance().withConfiguration(configuration);
        if (environment != null) builder.withBuiltInCatalogName("unused");
        TableEnvironment created = TableEnvironment.create(builder.build());
        if (environment == null) return created;
        created.registerCatalog(CATALOG, environment.getCatalog(CATALOG).orElseThrow());
        created.useCatalog(CATALOG);
        return created;
    }

    List<Answer> run(String text) throws Exception {
        List<Answer> answers = new ArrayList<>();
        for (Script.Step step : Script.parse(text)) {
            if (step.kind().equals("file")) {
                Path file = directory.resolve(step.argument());
                Files.createDirectories(file.getParent());
                Files.writeString(file, step.body() + "\n");
                continue;
            }
            try {
                answers.add(execute(step));
            } catch (Throwable error) {
                answers.add(new Answer(step.line(), step.body(), "error", List.of(), messages(error)));
            }
        }
        return answers;
    }

    private Answer execute(Script.Step step) throws Exception {
        String sql = step.body().replace("$DIR", directory.toString());
        if (replay && readsExistingFiles(sql)) sql = FILESYSTEM.matcher(sql).replaceAll("'connector' = 'replay'");
        Matcher set = SET.matcher(sql.trim());
        if (set.matches()) {
            set(set.group(1), set.group(2));
            return new Answer(step.line(), step.body(), "ok", List.of(), List.of());
        }
        Matcher reset = RESET.matcher(sql.trim());
        if (reset.matches()) {
            reset(reset.group(1));
            return new Answer(step.line(), step.body(), "ok", List.of(), List.of());
        }
        Turns.current = new Turns(alternate);
        TableResult result = environment.executeSql(sql);
        boolean isQuery = QUERY.matcher(sql.trim()).matches();
        if (!isQuery && result.getJobClient().isPresent()) {
            result.await();
            return new Answer(step.line(), step.body(), "ok", List.of(), List.of());
        }
        List<String> columns =
                result.getResolvedSchema().getColumns().stream().map(Column::asSummaryString).toList();
        List<String> lines = isQuery ? changes(result) : plainLines(result);
        if (lines.equals(List.of("OK"))) return new Answer(step.line(), step.body(), "ok", List.of(), List.of());
        return new Answer(step.line(), step.body(), isQuery ? "query" : "result", columns, lines);
    }

    /** A filesystem table without files yet is one to write to: that stays with Flink's own connector. */
    private static boolean readsExistingFiles(String sql) {
        Matcher path = PATH.matcher(sql);
        return !path.find() || Files.exists(Path.of(path.group(1).replaceFirst("^file:(//)?", "")));
    }

    private void set(String key, String value) throws Exception {
        if (key.equals("execution.runtime-mode")) {
            inBatch = value.equalsIgnoreCase("batch");
            environment = createEnvironment();
            return;
        }
        settings.put(key, value);
        environment.getConfig().set(key, value);
    }

    /** @param key null: all that was set */
    private void reset(String key) throws Exception {
        if (key == null || key.equals("execution.runtime-mode")) inBatch = false;
        if (key == null) settings.clear();
        else settings.remove(key);
        environment = createEnvironment();
    }

    private static List<String> changes(TableResult result) throws Exception {
        TableResultInternal internal = (TableResultInternal) result;
        RowDataToStringConverter converter = internal.getRowDataToStringConverter();
        List<LogicalType> types = result.getResolvedSchema().getColumnDataTypes().stream()
                .map(type -> type.getLogicalType())
                .toList();
        List<String> lines = new ArrayList<>();
        Timer timer = new Timer(true);
        timer.schedule(cancelling(result), QUERY_SECONDS * 1000);
        try (CloseableIterator<RowData> rows = internal.collectInternal()) {
            while (rows.hasNext()) {
                RowData row = rows.next();
                String[] cells = converter.convert(row);
                for (int index = 0; index < cells.length; index++) cells[index] = cellOf(row, index, types.get(index), cells[index]);
                lines.add(row.getRowKind().shortString() + " " + String.join(" | ", cells));
            }
        } finally {
            timer.cancel();
        }
        return lines;
    }

    /** The converter is that of the SQL client; CAST writes booleans and bytes in another way. */
    private static String cellOf(RowData row, int index, LogicalType type, String printed) {
        if (row.isNullAt(index)) return "NULL";
        return switch (type.getTypeRoot()) {
            case BOOLEAN -> printed.toLowerCase();
            case BINARY, VARBINARY -> new String(row.getBinary(index), java.nio.charset.StandardCharsets.UTF_8);
            default -> printed;
        };
    }

    private static TimerTask cancelling(TableResult result) {
        return new TimerTask() {
            @Override
            public void run() {
                result.getJobClient().ifPresent(client -> client.cancel());
            }
        };
    }

    private static List<String> plainLines(TableResult result) throws Exception {
        TableResultInternal internal = (TableResultInternal) result;
        RowDataToStringConverter converter = internal.getRowDataToStringConverter();
        List<String> lines = new ArrayList<>();
        try (CloseableIterator<RowData> rows = internal.collectInternal()) {
            while (rows.hasNext()) lines.addAll(String.join(" | ", converter.convert(rows.next())).lines().toList());
        }
        return lines;
    }

    /** What each exception of the chain says, from the outermost to the cause. */
    private static List<String> messages(Throwable error) {
        List<String> lines = new ArrayList<>();
        for (Throwable at = error; at != null; at = at.getCause()) {
            String message = at.getClass().getSimpleName() + ": " + String.valueOf(at.getMessage()).strip();
            if (lines.isEmpty() || !lines.get(lines.size() - 1).equals(message)) lines.add(message);
        }
        return lines;
    }
}
