import { readPlan } from './supervisor/control_client.ts';

/** Names of the instances that the supervisor keeps, whether they answer or not; none where no stack is started. */
export function expectedInstances(planFile: string): string[] {
  const services = readPlan(planFile)?.services ?? [];
  return services.filter(({ kind }) => kind === 'instance').map(({ name }) => name);
}
