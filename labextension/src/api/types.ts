/** The nouns of the wire, by their own names. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type WorkspaceInfo = Schemas['WorkspaceInfo'];

export type Dataset = Schemas['Dataset'];
/** `review`: the stages of a request for all columns, where the server says them. */
export type DatasetPage = Schemas['DatasetPage'];
export type DatasetSummary = Schemas['Summary'];
export type Facet = Schemas['Facet'];
export type SearchPage = Schemas['SearchPage'];
export type Options = Schemas['Options'];
export type Suggestion = Schemas['Suggestion'];
export type Effect = Schemas['Effect'];
export type OversightPage = Schemas['OversightPage'];
export type OverseenDataset = Schemas['OverseenDataset'];
export type OverseenGrant = Schemas['OverseenGrant'];
export type AuditPage = Schemas['AuditPage'];
export type AuditEvent = Schemas['Event'];
export type Audit = Schemas['Audit'];
export type AccessRequest = Schemas['Request'];
export type RequestState = Schemas['RequestState'];
export type Grant = Schemas['Grant'];
export type Verdict = Schemas['Verdict'];
export type Column = Schemas['Column'];
export type Purview = Schemas['Purview'];
export type Decision = AccessRequest['decisions'][number];
export type Delegation = Schemas['Delegation'];
/** A typed tree of conditions on rows. */
export type RowFilter = NonNullable<Schemas['Scope']['rows']>;
export type RowValue = Schemas['Equals']['value'];

export type IdleStatus = Schemas['IdleStatus'];
export type SubjectStatus = Schemas['SubjectStatus'];
export type SubjectState = Schemas['State'];
export type ProcessStatus = Schemas['ProcessStatus'];
export type Evidence = Schemas['Evidence'];
export type Lease = Schemas['Lease'];
export type Savings = Schemas['Savings'];
export type StopPlan = Schemas['StopPlan'];
export type Timeline = Schemas['Timeline'];
export type Track = Schemas['Track'];
export type Stretch = Schemas['Stretch'];

export type PackagesStatus = Schemas['PackagesStatus'];
export type Tool = Schemas['Tool'];
export type Examination = Schemas['Examination'];
export type Check = Schemas['Check'];

export type Plan = Schemas['Plan'];
export type Finding = Schemas['Finding'];
export type Run = Schemas['Run'];
export type RunStep = Schemas['RunStep'];
export type Metric = Schemas['Metric'];
export type Version = Schemas['Version'];
export type VersionState = Schemas['VersionState'];
