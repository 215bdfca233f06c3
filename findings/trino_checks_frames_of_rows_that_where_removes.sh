#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# A window whose frame starts `quantity PRECEDING` fails where quantity is negative or NULL. WHERE comes before windows,
# so WHERE quantity > 0 is expected to prevent this. It does for a negative quantity. For a NULL it does not, in a
# subquery neither: the planner puts the check behind the condition in one AND, and where the condition is NULL, not
# false, the check still runs, on a row that the same AND removes. One such row fails the whole query. A condition that
# is false for the row, such as IS NOT NULL, prevents it.
#
# Seen: the last lines of this file.
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
            try {
                System.out.println("answer: " + runner.execute(sql).getMaterializedRows());
            } catch (RuntimeException failure) {
                System.out.println("answer: " + failure.getMessage());
            }
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' Asked.java
counted() {
  rows="SELECT seq, quantity FROM (VALUES (1, 2), (2, $1), (3, 1)) t(seq, quantity) WHERE $2"
  frame="ORDER BY seq ROWS BETWEEN quantity PRECEDING AND CURRENT ROW"
  echo "SELECT seq, count(*) OVER ($frame) FROM ($rows) ORDER BY seq"
}
java -cp '.:jars/*' Asked \
  "$(counted -1 'quantity > 0')" \
  "$(counted NULL 'quantity > 0')" \
  "$(counted NULL 'quantity > 0 AND quantity IS NOT NULL')" \
  "$(counted NULL 'seq <> 2')" 2>log | grep '^answer' | tee seen
diff seen - <<'SEEN'
answer: [[1, 1], [3, 2]]
answer: Window frame offset value must not be negative or null
answer: [[1, 1], [3, 2]]
answer: [[1, 1], [3, 2]]
SEEN
