import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.time.temporal.ChronoField;
import java.util.Locale;

/** java.time.format.DateTimeFormatter: a line of "format|parse TAB pattern TAB text" in, "= TAB answer" or "! TAB message" out. */
public class Java {
    public static void main(String[] arguments) throws Exception {
        System.err.println(System.getProperty("java.version"));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] parts = line.split("\t", -1);
            System.out.println(answer(parts[0], parts[1], parts[2]));
        }
    }

    static String answer(String what, String pattern, String text) {
        try {
            DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
            if (what.equals("format")) {
                return "=\t" + formatter.format(ZonedDateTime.parse(text));
            }
            TemporalAccessor parsed = formatter.parse(text);
            LocalTime time = parsed.query(TemporalQueries.localTime());
            LocalDate date = parsed.query(TemporalQueries.localDate());
            return "=\t" + (date == null ? "-" : date) + " " + (time == null ? "-" : time);
        } catch (IllegalArgumentException | DateTimeException error) {
            return "!\t" + error.getMessage();
        }
    }
}
