import org.apache.flink.table.functions.ScalarFunction;

/** How often a letter stands in a text: q14's function. */
public final class CountChar extends ScalarFunction {
  public long eval(String text, String letter) {
    long count = 0;
    if (text == null) return count;
    for (int i = 0; i < text.length(); i++) if (text.charAt(i) == letter.charAt(0)) count++;
    return count;
  }
}
