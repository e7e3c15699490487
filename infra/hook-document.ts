/**
 * The SSM document that runs a hook on an instance: `/opt/foreshard/hooks/<action> <shard> <port>`, where there is
 * one, or what the agent's configuration says. Its parameters are checked by SSM before anything runs, so that nothing but a name reaches the shell.
 */
export const HOOK_DOCUMENT = {
  schemaVersion: '2.2',
  description: 'Foreshard: runs a hook of a slice on its instance',
  parameters: {
    action: { type: 'String', allowedValues: ['activate', 'deactivate'], description: 'Which hook' },
    shard: {
      type: 'String',
      // The pattern of names in the settings.
      allowedPattern: '^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$',
      description: 'Name of the shard',
    },
    port: { type: 'String', allowedPattern: '^[1-9][0-9]{0,4}$', description: 'Port of the slice' },
  },
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'hook',
      precondition: { StringEquals: ['platformType', 'Linux'] },
      inputs: {
        timeoutSeconds: '60',
        runCommand: [
          // Where the agent is, it runs the hook, and begins or ends what stands in front of the application.
          'agent=/opt/foreshard/agent/foreshard-agent',
          '[ ! -x "$agent" ] || exec "$agent" {{ action }} {{ shard }} {{ port }}',
          'hook=/opt/foreshard/hooks/{{ action }}',
          '[ -x "$hook" ] || { echo "no hook {{ action }}"; exit 0; }',
          'exec "$hook" {{ shard }} {{ port }}',
        ],
      },
    },
  ],
} as const;
