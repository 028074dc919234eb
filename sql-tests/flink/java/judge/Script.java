package judge;

import java.util.ArrayList;
import java.util.List;

/** Records of a script: `.slt` as `sql-tests/slt/format.ts` reads it, or statements that end in `;`. */
final class Script {
    record Step(String kind, String argument, String body, int line) {}

    private static final List<String> KINDS =
            List.of("statement ok", "statement error", "query table", "query changelog", "output");

    static List<Step> parse(String text) {
        boolean isSlt = text.lines().anyMatch(line -> KINDS.contains(line.trim()));
        return isSlt ? parseRecords(text) : parseStatements(text);
    }

    private static List<Step> parseRecords(String text) {
        List<Step> steps = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        for (int at = 0; at < lines.length; at++) {
            if (lines[at].isBlank()) continue;
            int start = at;
            while (at < lines.length && !lines[at].isBlank()) at++;
            List<String> record = List.of(lines).subList(start, at);
            String head = record.get(0);
            if (head.startsWith("#")) continue;
            int split = record.indexOf("----");
            String body = String.join("\n", record.subList(1, split < 0 ? record.size() : split));
            if (head.startsWith("file ")) steps.add(new Step("file", head.substring(5).trim(), body, start + 1));
            else if (KINDS.contains(kindOf(head))) steps.add(new Step(kindOf(head), "", body, start + 1));
            else throw new IllegalArgumentException("line " + (start + 1) + ": \"" + head + "\" begins no record");
        }
        return steps;
    }

    /** One worker is what there is here, so that what is serial is nothing special. */
    private static String kindOf(String head) {
        return head.endsWith(" serial") ? head.substring(0, head.length() - " serial".length()) : head;
    }

    private static List<Step> parseStatements(String text) {
        List<Step> steps = new ArrayList<>();
        StringBuilder statement = new StringBuilder();
        char quote = 0;
        int line = 1;
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter == '\n') line++;
            if (quote == 0 && text.startsWith("--", at)) {
                while (at + 1 < text.length() && text.charAt(at + 1) != '\n') at++;
                continue;
            }
            if (quote != 0) quote = letter == quote ? 0 : quote;
            else if (letter == '\'' || letter == '`' || letter == '"') quote = letter;
            if (letter == ';' && quote == 0) {
                if (!statement.toString().isBlank()) steps.add(new Step("statement", "", statement.toString().trim(), line));
                statement.setLength(0);
            } else {
                statement.append(letter);
            }
        }
        if (!statement.toString().isBlank()) steps.add(new Step("statement", "", statement.toString().trim(), line));
        return steps;
    }
}
