package judge;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.StreamSource;
import org.apache.flink.table.data.RowData;

/** A bounded stream of a source function. */
final class ReplaySource extends DataStreamSource<RowData> {
    ReplaySource(StreamExecutionEnvironment env, TypeInformation<RowData> type, ReplayFunction function, String name) {
        super(env, type, new StreamSource<>(function), false, name, Boundedness.BOUNDED);
    }
}
