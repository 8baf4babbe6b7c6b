// Bundles each release's workflows ahead of time, as a deployment would.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

async function main(): Promise<void> {
  for (const release of ['v1', 'v2']) {
    const { code } = await bundleWorkflowCode({ logger: new DefaultLogger('WARN'), workflowsPath: require.resolve(`./workflows-${release}`) });
    writeFileSync(join(__dirname, `bundle-${release}.js`), code);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
