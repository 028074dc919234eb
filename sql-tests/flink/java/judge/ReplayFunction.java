package judge;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.api.functions.source.legacy.RichSourceFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.flink.util.clock.RelativeClock;
import org.apache.flink.util.clock.SystemClock;

/** Emits the rows of a table, with a watermark after each, when it is their turn. */
final class ReplayFunction extends RichSourceFunction<RowData> {
    private final DeserializationSchema<RowData> schema;
    private final List<byte[]> records;
    private final WatermarkStrategy<RowData> watermarks;
    /** Among the scans of the query; negative: emits at once. */
    private final int scan;
    private volatile boolean cancelled = false;

    ReplayFunction(
            DeserializationSchema<RowData> schema, List<byte[]> records, WatermarkStrategy<RowData> watermarks, int scan) {
        this.schema = schema;
        this.records = records;
        this.watermarks = watermarks;
        this.scan = scan;
    }

    @Override
    public void run(SourceContext<RowData> context) throws Exception {
        schema.open(new SchemaContext());
        WatermarkGenerator<RowData> generator =
                watermarks == null ? null : watermarks.createWatermarkGenerator(new GeneratorContext());
        WatermarkOutput output = new ForwardedWatermarks(context);
        if (scan >= 0) Turns.current.open(scan);
        for (byte[] record : records) {
            if (cancelled) return;
            if (scan >= 0) Turns.current.take(scan);
            List<RowData> rows = new ArrayList<>();
            schema.deserialize(record, new ListCollector<>(rows));
            for (RowData row : rows) {
                context.collect(row);
                if (generator == null) continue;
                generator.onEvent(row, Long.MIN_VALUE, output);
                generator.onPeriodicEmit(output);
            }
            if (scan >= 0) Turns.current.handOver(scan);
        }
        if (scan < 0) return;
        Turns.current.take(scan);
        Turns.current.finish(scan);
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    static byte[] bytesOf(String line) {
        return line.getBytes(StandardCharsets.UTF_8);
    }

    private static final class ForwardedWatermarks implements WatermarkOutput {
        private final SourceContext<RowData> context;

        ForwardedWatermarks(SourceContext<RowData> context) {
            this.context = context;
        }

        @Override
        public void emitWatermark(Watermark watermark) {
            context.emitWatermark(new org.apache.flink.streaming.api.watermark.Watermark(watermark.getTimestamp()));
        }

        @Override
        public void markIdle() {}

        @Override
        public void markActive() {}
    }

    private static final class GeneratorContext implements WatermarkGeneratorSupplier.Context {
        @Override
        public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
        }

        @Override
        public RelativeClock getInputActivityClock() {
            return SystemClock.getInstance();
        }
    }

    private static final class SchemaContext implements DeserializationSchema.InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            return null;
        }
    }
}
