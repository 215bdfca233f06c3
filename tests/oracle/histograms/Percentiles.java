import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Scanner;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * For each line "ENCODED PERCENTILE...": the count, the maximum, the mean and the values at the percentiles;
 * with the argument "text", the percentile distribution in ms and a line of "==".
 */
class Percentiles {
    public static void main(String[] arguments) throws Exception {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            String[] words = lines.nextLine().split(" ");
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(words[0]));
            Histogram histogram = Histogram.decodeFromCompressedByteBuffer(bytes, 0);
            if (arguments.length == 1) {
                histogram.outputPercentileDistribution(System.out, 5, 1000.0);
                System.out.println("==");
                continue;
            }
            String values = Stream.of(words).skip(1)
                .map(word -> Long.toString(histogram.getValueAtPercentile(Double.parseDouble(word))))
                .collect(Collectors.joining(", "));
            System.out.printf("{\"count\": %d, \"max\": %d, \"mean\": %s, \"values\": [%s]}%n",
                histogram.getTotalCount(), histogram.getMaxValue(), histogram.getMean(), values);
        }
    }
}
