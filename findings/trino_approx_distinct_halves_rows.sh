#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# approx_distinct has a standard error of 2.3 %, and of single values it keeps to that. Of rows, such as an order's
# number and a line's, it may count half or less, each time: the hash of a row is made of the members' hash codes by
# 31 * a + b, and these of integers are not random enough for HyperLogLog. So "distinct order lines" over ROW(order,
# line) is far too small, while the same two columns as one text are counted well.
#
# Seen: 30,000 pairs are counted as 14,687, as texts as 30,025; 10,000 orders with a constant as 4,224.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>findings</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>io.trino</groupId><artifactId>trino-main</artifactId><version>435</version></dependency>
  </dependencies>
</project>
POM
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=jars
cat > Asked.java <<'JAVA'
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.TestingSession;

class Asked {
    public static void main(String[] args) {
        LocalQueryRunner runner = LocalQueryRunner.create(TestingSession.testSessionBuilder().build());
        for (String sql : args) {
            System.out.println("answer: " + runner.execute(sql).getOnlyValue());
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' Asked.java
lines="FROM UNNEST(sequence(1, 10000)) o(orders) CROSS JOIN UNNEST(sequence(1, 3)) l(line)"
java -cp '.:jars/*' Asked \
  "SELECT count(DISTINCT ROW(orders, line)) $lines" \
  "SELECT approx_distinct(ROW(orders, line)) $lines" \
  "SELECT approx_distinct(ROW(orders, 1)) $lines" \
  "SELECT approx_distinct(CAST(orders AS varchar) || '-' || CAST(line AS varchar)) $lines" 2>log | grep '^answer' | tee seen
diff seen - <<< $'answer: 30000\nanswer: 14687\nanswer: 4224\nanswer: 30025'
