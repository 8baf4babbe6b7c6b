// A worker: `node lib/worker.js v1|v2`. It says `ready`, and ends on SIGINT when what it has begun has ended.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import * as activities from './activities';
import { connectionSettings, namespace, taskQueue } from './settings';

function say(line: string): void {
  process.stdout.write(line + '\n');
}

async function main(): Promise<void> {
  const release = process.argv[2] ?? 'v1';
  const metrics = process.env.ARTICLE_METRICS_ADDRESS;
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => say(JSON.stringify({ level, message, ...meta }))),
    shutdownSignals: [], // ours are below
    telemetryOptions: metrics ? { metrics: { prometheus: { bindAddress: metrics } } } : {},
  });
  const connection = await NativeConnection.connect(connectionSettings());
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    maxConcurrentActivityTaskExecutions: Number(process.env.ARTICLE_MAX_ACTIVITIES ?? 100),
    maxConcurrentWorkflowTaskExecutions: 50,
    shutdownGraceTime: '20 seconds',
    workflowBundle: { codePath: require.resolve(`./bundle-${release}.js`) },
    activities,
  });
  process.on('SIGINT', () => {
    say('Shutting down worker...');
    worker.shutdown();
  });
  const run = worker.run();
  say('ready');
  await run;
  await connection.close();
  say('shut down');
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
