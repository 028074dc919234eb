package judge;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.RowKind;

/** Rows as `-U 1 "two words" NULL`: row kind (absent: +I) and columns. Dates and timestamps are quoted text or numbers. */
final class RowTextFormat implements DecodingFormat<DeserializationSchema<RowData>> {
    private static final Pattern CELL = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"|\\S+");

    private final String changelog;

    RowTextFormat(String changelog) {
        this.changelog = changelog;
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return switch (changelog) {
            case "insert" -> ChangelogMode.insertOnly();
            case "upsert" -> ChangelogMode.upsert(false);
            case "all" -> ChangelogMode.all();
            default -> throw new IllegalArgumentException("'changelog' is insert, upsert or all, not " + changelog);
        };
    }

    @Override
    public DeserializationSchema<RowData> createRuntimeDecoder(DynamicTableSource.Context context, DataType type) {
        TypeInformation<RowData> produced = context.createTypeInformation(type);
        return new Decoder(produced, type.getLogicalType().getChildren());
    }

    private static final class Decoder extends AbstractDeserializationSchema<RowData> {
        private final List<LogicalType> types;

        Decoder(TypeInformation<RowData> produced, List<LogicalType> types) {
            super(produced);
            this.types = new ArrayList<>(types);
        }

        @Override
        public RowData deserialize(byte[] record) {
            List<String> cells = new ArrayList<>();
            Matcher matcher = CELL.matcher(new String(record, java.nio.charset.StandardCharsets.UTF_8));
            while (matcher.find()) cells.add(matcher.group());
            RowKind kind = kindOf(cells.get(0));
            int first = kind == null ? 0 : 1;
            GenericRowData row = new GenericRowData(kind == null ? RowKind.INSERT : kind, types.size());
            for (int index = 0; index < types.size(); index++) {
                String cell = first + index < cells.size() ? cells.get(first + index) : "NULL";
                row.setField(index, valueOf(cell, types.get(index)));
            }
            return row;
        }

        private static RowKind kindOf(String cell) {
            for (RowKind kind : RowKind.values()) if (kind.shortString().equals(cell)) return kind;
            return null;
        }

        private static Object valueOf(String cell, LogicalType type) {
            if (cell.equals("NULL")) return null;
            String text = cell.startsWith("\"")
                    ? cell.substring(1, cell.length() - 1).replace("\\\"", "\"").replace("\\\\", "\\")
                    : cell;
            switch (type.getTypeRoot()) {
                case BOOLEAN:
                    return Boolean.parseBoolean(text);
                case TINYINT:
                    return Byte.parseByte(text);
                case SMALLINT:
                    return Short.parseShort(text);
                case INTEGER:
                    return Integer.parseInt(text);
                case BIGINT:
                    return Long.parseLong(text);
                case FLOAT:
                    return Float.parseFloat(text);
                case DOUBLE:
                    return Double.parseDouble(text);
                case DECIMAL: {
                    DecimalType decimal = (DecimalType) type;
                    return DecimalData.fromBigDecimal(new BigDecimal(text), decimal.getPrecision(), decimal.getScale());
                }
                case CHAR:
                case VARCHAR:
                    return StringData.fromString(text);
                case DATE:
                    return text.contains("-") ? (int) java.time.LocalDate.parse(text).toEpochDay() : Integer.parseInt(text);
                case TIMESTAMP_WITHOUT_TIME_ZONE:
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    return text.indexOf(':') > 0
                            ? TimestampData.fromLocalDateTime(java.time.LocalDateTime.parse(text.replace(' ', 'T')))
                            : TimestampData.fromEpochMillis(Long.parseLong(text));
                default:
                    throw new IllegalArgumentException("rows as text have no " + type);
            }
        }
    }
}
