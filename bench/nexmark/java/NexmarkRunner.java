import java.io.BufferedWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

/**
 * One query in Flink: NexmarkRunner DIRECTORY SECONDS [RESULTS]. The directory has conf.properties and statements.txt,
 * the statements separated by lines of "---". The last one is an INSERT, whose CPU and wall-clock time is printed as
 * JSON, the job being given up after SECONDS, or, with RESULTS, a SELECT, whose final rows are written to that file,
 * sorted.
 */
public final class NexmarkRunner {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    Properties properties = new Properties();
    try (var reader = Files.newBufferedReader(directory.resolve("conf.properties"))) {
      properties.load(reader);
    }
    Configuration configuration = new Configuration();
    properties.forEach((key, value) -> configuration.setString((String) key, (String) value));
    TableEnvironment environment =
        TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
    String[] statements = Files.readString(directory.resolve("statements.txt")).split("\n---\n");
    for (int i = 0; i < statements.length - 1; i++) environment.executeSql(statements[i]);
    String last = statements[statements.length - 1];
    if (args.length > 2) results(environment.executeSql(last), Path.of(args[2]));
    else measure(environment, last, Long.parseLong(args[1]));
    System.exit(0);
  }

  private static long cpuNanos() {
    var bean = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return bean.getProcessCpuTime();
  }

  private static void measure(TableEnvironment environment, String insert, long patience) throws Exception {
    long cpu = cpuNanos();
    long started = System.nanoTime();
    boolean ended = true;
    try {
      environment.executeSql(insert).await(patience, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      ended = false;
    }
    double wall = (System.nanoTime() - started) / 1e9;
    double seconds = (cpuNanos() - cpu) / 1e9;
    System.out.printf(
        "{\"wallSeconds\":%.3f,\"cpuSeconds\":%.3f,\"peakRssMb\":%d,\"ended\":%b}%n",
        wall, seconds, peakRssMb(), ended);
  }

  private static long peakRssMb() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    }
    return 0;
  }

  /** Applies the changelog; what is left is written a row a line, in the order of the bytes. */
  private static void results(TableResult result, Path file) throws Exception {
    Map<String, Long> counts = new HashMap<>();
    try (CloseableIterator<Row> rows = result.collect()) {
      while (rows.hasNext()) {
        Row row = rows.next();
        boolean retracts = row.getKind() == RowKind.UPDATE_BEFORE || row.getKind() == RowKind.DELETE;
        counts.merge(text(row), retracts ? -1L : 1L, Long::sum);
      }
    }
    List<String> lines = new ArrayList<>();
    counts.forEach((line, count) -> {
      for (long i = 0; i < count; i++) lines.add(line);
    });
    lines.sort(null);
    try (BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      for (String line : lines) {
        writer.write(line);
        writer.newLine();
      }
    }
  }

  private static String text(Row row) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < row.getArity(); i++) {
      Object value = row.getField(i);
      if (i > 0) out.append('|');
      if (value instanceof LocalDateTime) out.append(TIME.format((LocalDateTime) value));
      else if (value instanceof java.math.BigDecimal) out.append(((java.math.BigDecimal) value).toPlainString());
      else out.append(value);
    }
    return out.toString();
  }
}
