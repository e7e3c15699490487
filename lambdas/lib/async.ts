import { InvokeCommand } from '@aws-sdk/client-lambda';
import { lambdaClient } from './clients.ts';

/** Starts another function and does not wait for it. */
export const startOf = (name: string) => async (): Promise<void> => {
  await lambdaClient().send(
    new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload: '{}' }),
  );
};
