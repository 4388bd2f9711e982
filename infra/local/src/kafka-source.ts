import { existsSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { cached } from './cache.ts'
import { CannotStart, lastLine } from './cannot-start.ts'
import { findOnPath, runOrThrow } from './command.ts'
import { toolEnvironment } from './config.ts'
import { JAVA_LOCALE } from './java.ts'
import { downloadRelease } from './release.ts'
import type { Finding } from './server.ts'

const VERSION = '4.3.1'
const LOG4J = '2.24.3'
const FETCH_TIMEOUT_MS = 600_000
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** The vendor's release, for machines without Maven. It opens what a slightly newer one wrote only if that is of its kind. */
const RELEASE = {
  version: '4.0.0',
  url: 'https://archive.apache.org/dist/kafka/4.0.0/kafka_2.13-4.0.0.tgz',
  sha512:
    '00722ab0a6b954e0006994b8d589dcd8f26e1827c47f70b6e820fb45aa35945c' +
    '19163b0f188caf0caf976c11f7ab005fd368c54e5851e899d2de687a804a5eb9',
}

/** Where Kafka's jars are. */
export interface KafkaSource {
  classPath: string
  title: string
}

/**
 * Kafka as installed, out of the cache, by Maven, or the vendor's release, in this order.
 *
 * @throws CannotStart when there is none, or when it is where Java cannot read it
 */
export async function findKafka(java: string, deps: Finding): Promise<KafkaSource> {
  const found = await locateKafka(java, deps)
  // A class path has no escape for what separates its entries.
  if (!found.classPath.includes(delimiter)) return found
  throw new CannotStart(
    `Java cannot read ${dirname(found.classPath)}, which has a "${delimiter}" in it: set LEPTON_CACHE_DIR or KAFKA_HOME to another folder.`,
  )
}

async function locateKafka(java: string, deps: Finding): Promise<KafkaSource> {
  const { config, note, signal } = deps
  const home = config.kafkaHome ?? homeOnPath(config.path)
  if (home !== undefined) {
    if (existsSync(join(home, 'libs')))
      return { classPath: join(home, 'libs', '*'), title: 'Kafka, installed' }
    throw new CannotStart(
      `KAFKA_HOME is ${home}, which has no folder libs: set it to an unpacked Kafka, or unset it.`,
    )
  }

  const byMaven = join(config.cacheDir, `kafka-${VERSION}`)
  if (existsSync(byMaven)) return { classPath: join(byMaven, '*'), title: `Kafka ${VERSION}, cached` }
  const byRelease = join(config.cacheDir, `kafka-release-${RELEASE.version}`)
  const ofRelease = join(byRelease, `kafka_2.13-${RELEASE.version}`, 'libs', '*')
  if (existsSync(byRelease)) return { classPath: ofRelease, title: `Kafka ${RELEASE.version}, cached` }

  if (findOnPath('mvn', config.path) !== undefined) {
    note(`fetching Kafka ${VERSION} with mvn (45 MB)`)
    try {
      await cached(config.cacheDir, `kafka-${VERSION}`, (folder) => copyWithMaven(folder, java, signal))
      return { classPath: join(byMaven, '*'), title: `Kafka ${VERSION}, fetched with mvn` }
    } catch (error) {
      signal.throwIfAborted()
      note(`mvn could not: ${lastLine(error as Error)}`)
    }
  }
  note(`fetching Kafka ${RELEASE.version}, the vendor's release (130 MB)`)
  try {
    await downloadRelease(config.cacheDir, `kafka-release-${RELEASE.version}`, RELEASE, signal)
    return { classPath: ofRelease, title: `Kafka ${RELEASE.version}, fetched` }
  } catch (error) {
    signal.throwIfAborted()
    throw new CannotStart(
      `There is no Kafka and it could not be fetched (${lastLine(error as Error)}): install Maven (\`mvn\`), set ` +
        'KAFKA_HOME to an unpacked Kafka, or KAFKA_BROKERS to a running one. `docker compose up` needs none of it.',
    )
  }
}

function homeOnPath(path: string): string | undefined {
  const script = findOnPath('kafka-server-start.sh', path) ?? findOnPath('kafka-server-start', path)
  const home = script === undefined ? undefined : dirname(dirname(realpathSync(script)))
  return home !== undefined && existsSync(join(home, 'libs')) ? home : undefined
}

async function copyWithMaven(folder: string, java: string, signal: AbortSignal) {
  const pom = join(folder, 'pom.xml')
  writeFileSync(pom, POM)
  const command = ['mvn', '-q', '-B', '-f', pom, COPY_DEPENDENCIES, `-DoutputDirectory=${folder}`]
  const env = toolEnvironment({ ...JAVA_LOCALE, JAVA_HOME: dirname(dirname(realpathSync(java))) })
  await runOrThrow(command, { timeoutMs: FETCH_TIMEOUT_MS, signal, env })
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lepton</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${LOG4J}</version></dependency>
  </dependencies>
</project>
`
