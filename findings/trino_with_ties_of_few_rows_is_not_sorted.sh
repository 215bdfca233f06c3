#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# A query with ORDER BY and FETCH FIRST n ROWS WITH TIES is expected in that order for every n. It is so while n is less
# than the rows. Where the planner knows that there are n rows or less, it removes the step that would cut them, and
# this step alone had the ordering: the rows come as they were read. So the best ten of a subquery with LIMIT 5, or of a
# short list of VALUES, are not sorted, and no error shows it. FETCH FIRST n ROWS ONLY and LIMIT n keep the order, and
# so does WITH TIES over rows whose number the planner does not know.
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
            System.out.println("answer: " + runner.execute(sql).getMaterializedRows());
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' Asked.java
four="SELECT x FROM (VALUES 3, 1, NULL, 2) t(x) ORDER BY x"
limited="SELECT x FROM (SELECT x FROM UNNEST(ARRAY[3, 1, NULL, 2]) t(x) LIMIT 5) ORDER BY x"
unknown="SELECT x FROM UNNEST(ARRAY[3, 1, NULL, 2]) t(x) ORDER BY x"
java -cp '.:jars/*' Asked \
  "$four FETCH FIRST 3 ROWS WITH TIES" \
  "$four FETCH FIRST 4 ROWS WITH TIES" \
  "$four FETCH FIRST 10 ROWS WITH TIES" \
  "$four FETCH FIRST 10 ROWS ONLY" \
  "$four LIMIT 10" \
  "$limited FETCH FIRST 10 ROWS WITH TIES" \
  "$unknown FETCH FIRST 10 ROWS WITH TIES" 2>log | grep '^answer' | tee seen
diff seen - <<'SEEN'
answer: [[1], [2], [3]]
answer: [[3], [1], [null], [2]]
answer: [[3], [1], [null], [2]]
answer: [[1], [2], [3], [null]]
answer: [[1], [2], [3], [null]]
answer: [[3], [1], [null], [2]]
answer: [[1], [2], [3], [null]]
SEEN
