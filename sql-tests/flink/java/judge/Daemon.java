package judge;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Flink behind HTTP on 127.0.0.1. `POST /run` with a script answers with what each statement gave, as text or with
 * `?as=json`. `?turns=sequence` reads one table after the other; default: row by row in turn. `?replay=false` leaves
 * filesystem tables to Flink's own connector. Scripts run one at a time.
 */
public final class Daemon {
    /** Where jobs run: one cluster for all of them. */
    private static MiniCluster cluster;

    public static void main(String[] arguments) throws Exception {
        cluster = startCluster();
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 0);
        server.createContext("/run", Daemon::run);
        server.setExecutor(Executors.newSingleThreadExecutor());
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }

    private static MiniCluster startCluster() throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("rest.bind-port", "0");
        configuration.setString("rest.address", "127.0.0.1");
        configuration.setString("rest.bind-address", "127.0.0.1");
        MiniCluster started = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(2)
                .build());
        started.start();
        return started;
    }

    static URI clusterAddress() throws Exception {
        return cluster.getRestAddress().get();
    }

    static boolean isStreaming(StreamExecutionEnvironment env) {
        return env.getConfiguration().get(ExecutionOptions.RUNTIME_MODE) == RuntimeExecutionMode.STREAMING;
    }

    private static void run(HttpExchange exchange) throws IOException {
        String query = String.valueOf(exchange.getRequestURI().getQuery());
        String script = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Path directory = Files.createTempDirectory("flink-judge-");
        String answer;
        int status = 200;
        try {
            Judge judge = new Judge(directory, !query.contains("turns=sequence"), !query.contains("replay=false"));
            List<Judge.Answer> answers = judge.run(script);
            answer = query.contains("as=json") ? json(answers) : text(answers);
        } catch (Throwable error) {
            status = 400;
            answer = error + "\n";
        } finally {
            delete(directory);
        }
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            for (Path path : found.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(path);
        }
    }

    private static String text(List<Judge.Answer> answers) {
        StringBuilder text = new StringBuilder();
        for (Judge.Answer answer : answers) {
            if (answer.kind().equals("ok")) continue;
            text.append("# line ").append(answer.line()).append(": ").append(answer.kind());
            if (answer.kind().equals("query")) text.append(" (").append(String.join(", ", answer.columns())).append(")");
            text.append('\n').append(answer.sql()).append("\n----\n");
            for (String line : answer.lines()) text.append(line).append('\n');
            text.append('\n');
        }
        return text.toString();
    }

    private static String json(List<Judge.Answer> answers) {
        return answers.stream()
                .map(answer -> "{\"line\":" + answer.line()
                        + ",\"kind\":" + quoted(answer.kind())
                        + ",\"columns\":" + quoted(answer.columns())
                        + ",\"lines\":" + quoted(answer.lines()) + "}")
                .collect(Collectors.joining(",\n", "[", "]\n"));
    }

    private static String quoted(List<String> texts) {
        return texts.stream().map(Daemon::quoted).collect(Collectors.joining(",", "[", "]"));
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') quoted.append('\\').append(letter);
            else if (letter < ' ') quoted.append(String.format("\\u%04x", (int) letter));
            else quoted.append(letter);
        }
        return quoted.append('"').toString();
    }
}
