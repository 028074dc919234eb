package judge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.abilities.SupportsWatermarkPushDown;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/** A bounded table whose rows come in one order, with a watermark after each row. */
class ReplayTable implements ScanTableSource, SupportsWatermarkPushDown {
    final String name;
    final DataType type;
    final List<byte[]> records;
    final DecodingFormat<DeserializationSchema<RowData>> format;
    private WatermarkStrategy<RowData> watermarks;

    ReplayTable(
            String name, DataType type, List<byte[]> records, DecodingFormat<DeserializationSchema<RowData>> format) {
        this.name = name;
        this.type = type;
        this.records = records;
        this.format = format;
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return format.getChangelogMode();
    }

    @Override
    public void applyWatermark(WatermarkStrategy<RowData> strategy) {
        watermarks = strategy;
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
        DeserializationSchema<RowData> schema = format.createRuntimeDecoder(context, type);
        TypeInformation<RowData> produced = context.createTypeInformation(type);
        return new DataStreamScanProvider() {
            @Override
            public DataStream<RowData> produceDataStream(ProviderContext provider, StreamExecutionEnvironment env) {
                boolean streaming = Daemon.isStreaming(env);
                int scan = streaming ? Turns.current.nextScan() : -1;
                DataStreamSource<RowData> source =
                        new ReplaySource(env, produced, new ReplayFunction(schema, records, watermarks, scan), name);
                return source;
            }

            @Override
            public boolean isBounded() {
                return true;
            }
        };
    }

    @Override
    public DynamicTableSource copy() {
        ReplayTable copied = new ReplayTable(name, type, records, format);
        copied.watermarks = watermarks;
        return copied;
    }

    @Override
    public String asSummaryString() {
        return "replay of " + name;
    }

    /** With lookups by equality, as an external database has them. */
    static final class WithLookup extends ReplayTable implements LookupTableSource {
        WithLookup(
                String name, DataType type, List<byte[]> records, DecodingFormat<DeserializationSchema<RowData>> format) {
            super(name, type, records, format);
        }

        @Override
        public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
            int[] keys = Arrays.stream(context.getKeys()).mapToInt(path -> path[0]).toArray();
            DeserializationSchema<RowData> schema =
                    format.createRuntimeDecoder(org.apache.flink.table.runtime.connector.source.ScanRuntimeProviderContext.INSTANCE, type);
            return LookupFunctionProvider.of(new ReplayLookup(schema, records, type.getLogicalType(), keys));
        }

        @Override
        public DynamicTableSource copy() {
            return new WithLookup(name, type, records, format);
        }
    }

    static List<RowData> decoded(DeserializationSchema<RowData> schema, List<byte[]> records) throws Exception {
        List<RowData> rows = new ArrayList<>();
        for (byte[] record : records) {
            schema.deserialize(record, new org.apache.flink.api.common.functions.util.ListCollector<>(rows));
        }
        return Collections.unmodifiableList(rows);
    }
}
