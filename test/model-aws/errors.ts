/** An error as the SDK throws it: what code looks at is its `name`. */
export function awsError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** Auto Scaling and EC2 answer most mistakes with this one. */
export const invalid = (message: string): Error => awsError('ValidationError', message);
