#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# LATERAL only allows a subquery to name columns of the tables before it. In front of a subquery that names none it is
# expected to change nothing, and with LEFT JOIN it does not. With RIGHT JOIN each row on the left whose condition fails
# adds a row of the right with NULLs, even where that right row has its partner, or several times where it has none. The
# rows of the right then count more than once in every sum.
#
# Seen: the last lines of this file, in pairs: without LATERAL, with it.
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
            System.out.println("answer: " + runner.execute(sql).getMaterializedRows());
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' Asked.java
pair() {
  echo "SELECT op, m FROM (VALUES 'a', 'b', 'c') s(op) $1 JOIN ${3:-} (SELECT 1) q(m) ON op = '$2' ORDER BY op"
}
java -cp '.:jars/*' Asked \
  "$(pair RIGHT a)" "$(pair RIGHT a LATERAL)" \
  "$(pair RIGHT z)" "$(pair RIGHT z LATERAL)" \
  "$(pair LEFT a)" "$(pair LEFT a LATERAL)" 2>log | grep '^answer' | tee seen
diff seen - <<'SEEN'
answer: [[a, 1]]
answer: [[a, 1], [null, 1], [null, 1]]
answer: [[null, 1]]
answer: [[null, 1], [null, 1], [null, 1]]
answer: [[a, 1], [b, null], [c, null]]
answer: [[a, 1], [b, null], [c, null]]
SEEN
