/** Every command of the online half, as data. */
import type { CommandSpec } from '../command.ts'
import { COMMANDS } from './table.ts'

export const ONLINE_COMMANDS: readonly CommandSpec[] = COMMANDS
