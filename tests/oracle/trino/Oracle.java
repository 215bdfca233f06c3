import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.trino.Session;
import io.trino.plugin.memory.MemoryPlugin;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.type.ArrayType;
import io.trino.spi.type.MapType;
import io.trino.spi.type.RowType;
import io.trino.spi.type.SqlTime;
import io.trino.spi.type.SqlTimestamp;
import io.trino.spi.type.SqlTimestampWithTimeZone;
import io.trino.spi.type.SqlVarbinary;
import io.trino.spi.type.TimeZoneKey;
import io.trino.spi.type.Type;
import io.trino.sql.parser.ParsingException;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.TestingSession;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Answers statements in Trino, in this process: a JSON object with "sql" a line in, its columns and rows or its error out. */
class Oracle {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TIMEOUT_S = 120;

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Session session = TestingSession.testSessionBuilder()
                .setCatalog("memory")
                .setSchema("default")
                .setTimeZoneKey(TimeZoneKey.UTC_KEY)
                .build();
        LocalQueryRunner runner = LocalQueryRunner.create(session);
        runner.installPlugin(new MemoryPlugin());
        runner.createCatalog("memory", "memory", Map.of());
        ExecutorService worker = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        out.println("{\"ready\":true}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String sql = JSON.readTree(line).get("sql").asText();
            Future<ObjectNode> answer = worker.submit(() -> answer(runner, sql));
            ObjectNode said;
            try {
                said = answer.get(TIMEOUT_S, TimeUnit.SECONDS);
            } catch (TimeoutException slow) {
                answer.cancel(true);
                said = failure("EXCEEDED_TIME_LIMIT", "no answer in " + TIMEOUT_S + " s");
            }
            out.println(JSON.writeValueAsString(said));
        }
        System.exit(0);
    }

    private static ObjectNode answer(LocalQueryRunner runner, String sql) {
        try {
            MaterializedResult result = runner.execute(sql);
            return table(result);
        } catch (Throwable error) {
            return failure(nameOf(error), String.valueOf(error.getMessage()));
        }
    }

    private static String nameOf(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof TrinoException) {
                return ((TrinoException) cause).getErrorCode().getName();
            }
            if (cause instanceof ParsingException) {
                return StandardErrorCode.SYNTAX_ERROR.name();
            }
        }
        return StandardErrorCode.GENERIC_INTERNAL_ERROR.name();
    }

    private static ObjectNode failure(String name, String message) {
        return JSON.createObjectNode().put("error", name).put("message", message);
    }

    private static ObjectNode table(MaterializedResult result) {
        ObjectNode said = JSON.createObjectNode();
        ArrayNode columns = said.putArray("columns");
        List<Type> types = result.getTypes();
        for (int i = 0; i < types.size(); i++) {
            columns.addArray().add(result.getColumnNames().get(i)).add(types.get(i).getDisplayName());
        }
        ArrayNode rows = said.putArray("rows");
        for (MaterializedRow row : result.getMaterializedRows()) {
            ArrayNode cells = rows.addArray();
            for (int i = 0; i < types.size(); i++) {
                Object value = row.getField(i);
                cells.add(value == null ? null : text(types.get(i), value));
            }
        }
        return said;
    }

    /** A value as Athena prints it: moments to the millisecond, bytes as hexadecimal pairs. */
    private static String text(Type type, Object value) {
        if (value == null) {
            return "null";
        }
        if (type instanceof ArrayType) {
            List<String> items = new ArrayList<>();
            ((List<?>) value).forEach(item -> items.add(text(((ArrayType) type).getElementType(), item)));
            return "[" + String.join(", ", items) + "]";
        }
        if (type instanceof MapType) {
            MapType map = (MapType) type;
            List<String> items = new ArrayList<>();
            ((Map<?, ?>) value).forEach((key, item) ->
                    items.add(text(map.getKeyType(), key) + "=" + text(map.getValueType(), item)));
            return "{" + String.join(", ", items) + "}";
        }
        if (type instanceof RowType) {
            List<RowType.Field> fields = ((RowType) type).getFields();
            List<String> items = new ArrayList<>();
            for (int i = 0; i < fields.size(); i++) {
                String name = fields.get(i).getName().orElse("field" + i);
                items.add(name + "=" + text(fields.get(i).getType(), ((List<?>) value).get(i)));
            }
            return "{" + String.join(", ", items) + "}";
        }
        if (value instanceof SqlVarbinary) {
            List<String> pairs = new ArrayList<>();
            for (byte octet : ((SqlVarbinary) value).getBytes()) {
                pairs.add(String.format("%02x", octet));
            }
            return String.join(" ", pairs);
        }
        if (value instanceof SqlTimestamp || value instanceof SqlTimestampWithTimeZone || value instanceof SqlTime) {
            return milliseconds(String.valueOf(value));
        }
        return String.valueOf(value);
    }

    private static String milliseconds(String moment) {
        int zone = moment.indexOf(' ', moment.indexOf(':'));
        String local = zone < 0 ? moment : moment.substring(0, zone);
        int point = local.indexOf('.');
        String digits = point < 0 ? "" : local.substring(point + 1);
        String shown = (point < 0 ? local : local.substring(0, point)) + "." + (digits + "000").substring(0, 3);
        return zone < 0 ? shown : shown + moment.substring(zone);
    }
}
