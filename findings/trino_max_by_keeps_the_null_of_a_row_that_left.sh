#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# max_by(x, y, n) and min_by(x, y, n) give the x of the n largest or smallest y. A row whose x is NULL leaves its NULL
# behind when a better row takes its place among the n: the better row's x is then NULL, however many rows follow. So
# "the two last notes of an order" are NULL and a note where both have a note, only because an earlier one had none. In
# descending order of y, where no row takes another's place, the same rows give the right answer.
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
            System.out.println("answer: " + runner.execute(sql).getOnlyValue());
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' Asked.java
asked() { echo "SELECT $1(note, version, 2) FROM (VALUES $2) t(note, version)"; }
java -cp '.:jars/*' Asked \
  "$(asked max_by "('paid', 2), (NULL, 1), ('sent', 3)")" \
  "$(asked max_by "('sent', 3), ('paid', 2), (NULL, 1)")" \
  "$(asked max_by "('paid', 2), (NULL, 1), ('sent', 3), ('back', 4), ('kept', 5)")" \
  "$(asked max_by "('paid', 2), ('new', 1), ('sent', 3)")" \
  "$(asked min_by "('paid', 2), (NULL, 3), ('sent', 1)")" 2>log | grep '^answer' | tee seen
diff seen - <<'SEEN'
answer: [null, paid]
answer: [sent, paid]
answer: [null, back]
answer: [sent, paid]
answer: [null, paid]
SEEN
