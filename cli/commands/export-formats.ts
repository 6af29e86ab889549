/** What `export` can write (docs/format.md section 8): help, completion and the command read this. */
export const EXPORT_FORMATS = ['console', 'cert', 'grpc', 'json-api', 'hash', 'prep'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
