package judge;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;
import org.apache.flink.table.types.logical.LogicalType;

/** Rows of a table by equality of some columns; NULL equals nothing. */
public final class ReplayLookup extends LookupFunction {
    private final DeserializationSchema<RowData> schema;
    private final List<byte[]> records;
    private final RowData.FieldGetter[] ofRow;
    private final RowData.FieldGetter[] ofKey;
    private transient List<RowData> rows;

    ReplayLookup(DeserializationSchema<RowData> schema, List<byte[]> records, LogicalType type, int[] keys) {
        this.schema = schema;
        this.records = records;
        ofRow = new RowData.FieldGetter[keys.length];
        ofKey = new RowData.FieldGetter[keys.length];
        for (int index = 0; index < keys.length; index++) {
            LogicalType column = type.getChildren().get(keys[index]);
            ofRow[index] = RowData.createFieldGetter(column, keys[index]);
            ofKey[index] = RowData.createFieldGetter(column, index);
        }
    }

    @Override
    public void open(FunctionContext context) throws Exception {
        schema.open(null);
        rows = ReplayTable.decoded(schema, records);
    }

    @Override
    public Collection<RowData> lookup(RowData key) {
        List<RowData> found = new ArrayList<>();
        for (RowData row : rows) if (matches(row, key)) found.add(row);
        return found;
    }

    private boolean matches(RowData row, RowData key) {
        for (int index = 0; index < ofRow.length; index++) {
            Object wanted = ofKey[index].getFieldOrNull(key);
            if (wanted == null || !Objects.equals(wanted, ofRow[index].getFieldOrNull(row))) return false;
        }
        return true;
    }
}
