#!/usr/bin/env bash
# io.trino:trino-main 435 (Maven Central), the engine of Athena's version 3 family; needs Java 17 and Maven.
#
# SQL's IN is NULL where no element is equal and one is NULL, so that NOT IN keeps no row. Of constants alone Trino
# answers so. With a column in the list the NULL is forgotten while the expression is optimized: IN is false where the
# column differs, and NOT IN keeps the row. The same NULL from a column is not forgotten.
#
# Seen: the last line of this file.
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
countries="FROM (VALUES ('DE', CAST(NULL AS varchar)), ('FR', NULL)) t(country, missing)"
java -cp '.:jars/*' Asked \
  "SELECT count(*) $countries WHERE 'AT' NOT IN ('DE', NULL)" \
  "SELECT count(*) $countries WHERE 'AT' NOT IN (country, NULL)" \
  "SELECT count(*) $countries WHERE 'AT' NOT IN (country, missing)" 2>log | grep '^answer' | tee seen
diff seen - <<< $'answer: 0\nanswer: 2\nanswer: 0'
