package judge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;

/**
 * `'connector' = 'replay'`: rows of the lines of the files below `path` in a format, or of the option `data` with row
 * kinds.
 */
public final class ReplayFactory implements DynamicTableSourceFactory {
    private static final ConfigOption<String> PATH = ConfigOptions.key("path").stringType().noDefaultValue();
    private static final ConfigOption<String> DATA = ConfigOptions.key("data").stringType().noDefaultValue();
    private static final ConfigOption<String> CHANGELOG = ConfigOptions.key("changelog").stringType().defaultValue("insert");
    private static final ConfigOption<Boolean> LOOKUP = ConfigOptions.key("lookup").booleanType().defaultValue(false);

    @Override
    public String factoryIdentifier() {
        return "replay";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(PATH, DATA, CHANGELOG, LOOKUP, FactoryUtil.FORMAT);
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        ReadableConfig options = helper.getOptions();
        DataType type = context.getPhysicalRowDataType();
        DecodingFormat<DeserializationSchema<RowData>> format;
        List<byte[]> records;
        if (options.getOptional(DATA).isPresent()) {
            format = new RowTextFormat(options.get(CHANGELOG));
            records = options.get(DATA).lines().filter(line -> !line.isBlank()).map(ReplayFunction::bytesOf).toList();
        } else {
            format = helper.discoverDecodingFormat(DeserializationFormatFactory.class, FactoryUtil.FORMAT);
            records = linesBelow(Path.of(options.get(PATH).replaceFirst("^file:(//)?", "")));
        }
        String name = context.getObjectIdentifier().getObjectName();
        boolean lookup = options.get(LOOKUP);
        return lookup
                ? new ReplayTable.WithLookup(name, type, new ArrayList<>(records), format)
                : new ReplayTable(name, type, new ArrayList<>(records), format);
    }

    private static List<byte[]> linesBelow(Path path) {
        try (Stream<Path> found = Files.walk(path)) {
            List<byte[]> records = new ArrayList<>();
            for (Path file : found.filter(Files::isRegularFile).filter(ReplayFactory::isVisible).sorted().toList()) {
                for (String line : Files.readAllLines(file)) if (!line.isEmpty()) records.add(ReplayFunction.bytesOf(line));
            }
            return records;
        } catch (IOException error) {
            throw new IllegalArgumentException("cannot read " + path, error);
        }
    }

    private static boolean isVisible(Path file) {
        String name = file.getFileName().toString();
        return !name.startsWith(".") && !name.startsWith("_");
    }
}
