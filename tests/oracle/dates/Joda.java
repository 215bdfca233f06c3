import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Locale;
import org.joda.time.DateTime;
import org.joda.time.DateTimeZone;
import org.joda.time.format.DateTimeFormat;
import org.joda.time.format.DateTimeFormatter;

/** org.joda.time.format.DateTimeFormat, as Trino's format_datetime and parse_datetime call it in a session of UTC. */
public class Joda {
    public static void main(String[] arguments) throws Exception {
        System.err.println(DateTimeFormat.class.getPackage().getImplementationVersion());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] parts = line.split("\t", -1);
            System.out.println(answer(parts[0], parts[1], parts[2]));
        }
    }

    static String answer(String what, String pattern, String text) {
        try {
            DateTimeFormatter formatter = DateTimeFormat.forPattern(pattern).withLocale(Locale.US);
            if (what.equals("format")) {
                return "=\t" + formatter.withZone(DateTimeZone.UTC).print(DateTime.parse(text));
            }
            return "=\t" + formatter.withZone(DateTimeZone.UTC).withOffsetParsed().parseDateTime(text).toDateTime(DateTimeZone.UTC);
        } catch (IllegalArgumentException error) {
            return "!\t" + error.getMessage();
        }
    }
}
