import { z } from 'zod';
import { readJsonFile } from '../json_file.ts';
import type { StackLayout } from '../stack_layout.ts';
import { DEFAULT_STACK_OPTIONS, stackOptionsSchema } from '../stack_options.ts';
import { readPlan } from '../supervisor/control_client.ts';
import type { DoctorContext } from './check.ts';

/** What a process beside a native stack is told, so that it can run the doctor. Travels as JSON. */
export const doctorPlaceSchema = z.object({
  layout: z.custom<StackLayout>((value) => typeof value === 'object' && value !== null),
  searchPath: z.string(),
  uid: z.number(),
  home: z.string().optional(),
});
export type DoctorPlace = z.infer<typeof doctorPlaceSchema>;

/** The doctor's context there, with the options that hold now (`scale` changes them). */
export function doctorContext({ layout, searchPath, uid, home }: DoctorPlace): DoctorContext {
  const options = stackOptionsSchema.safeParse(readJsonFile(layout.optionsFile)).data;
  return {
    layout,
    options: options ?? { ...DEFAULT_STACK_OPTIONS, all: true },
    searchPath,
    uid,
    home,
    configFile: readPlan(layout.planFile)?.settings.configFile,
    // The build itself knows; see `builtApiBaseUrl`.
    apiBaseUrl: undefined,
  };
}
