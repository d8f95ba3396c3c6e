import * as React from 'react';
import type { DatasetSummary, SearchPage } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { count } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, ProblemView, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { CatalogueModel, FacetField } from './catalogue';
import { SearchBox } from './searchbox';
import { AccessBadge, ClassificationBadge } from './words';

interface IProps {
  model: CatalogueModel;
  open: (datasetId: string) => void;
}

export function CatalogueView({ model, open }: IProps): React.JSX.Element {
  useChanged(model);
  return (
    <>
      <SearchBox model={model.suggestions} value={model.query.q} type={q => model.type(q)} open={open} />
      <Shown model={model} lines={6}>
        {page => (
          <>
            <Facets model={model} />
            {page.problems.map(problem => (
              <ProblemView key={problem.message + problem.cause} problem={problem} />
            ))}
            <Results page={page} model={model} open={open} />
          </>
        )}
      </Shown>
    </>
  );
}

function Facets({ model }: { model: CatalogueModel }): React.JSX.Element {
  const trans = useTrans();
  // Three of them share a narrow panel: what is seen is one word, what is heard is the whole sentence.
  const fields: [FacetField, string, string][] = [
    ['classification', trans.__('Class'), trans.__('Only datasets of this class')],
    ['tag', trans.__('Tag'), trans.__('Only datasets with this tag')],
    ['owner', trans.__('Owner'), trans.__('Only datasets of this owner')]
  ];
  const capped = model.data?.capped;
  return (
    <div className="jp-mlp-Facets">
      {fields.map(([field, any, label]) => {
        const chosen = model.query[field];
        const facets = model.facets(field);
        return (
          <select
            key={field}
            className="jp-mlp-Select"
            data-chosen={chosen ? true : undefined}
            title={label}
            aria-label={label}
            value={chosen}
            onChange={event => model.narrow(field, event.target.value)}
          >
            <option value="">{any}</option>
            {chosen && !facets.some(facet => facet.value === chosen) && (
              <option value={chosen}>{chosen}</option>
            )}
            {facets.map(facet => (
              <option key={facet.value} value={facet.value}>
                {facet.value} ({capped ? trans.__('%1+', count(facet.count)) : count(facet.count)})
              </option>
            ))}
          </select>
        );
      })}
    </div>
  );
}

function Results({ page, model, open }: IProps & { page: SearchPage }): React.JSX.Element {
  const trans = useTrans();
  if (!page.items.length) {
    return model.narrowed ? (
      <Empty title={trans.__('Nothing found')}>
        <p>{trans.__('Try fewer or shorter words.')}</p>
        <Button onClick={() => model.clear()}>{trans.__('Clear search')}</Button>
      </Empty>
    ) : (
      <Empty title={trans.__('The catalogue is empty')}>
        <p>
          {trans.__(
            'Datasets appear here when an owner registers them: run %1 in a terminal.',
            'mlplat data register'
          )}
        </p>
      </Empty>
    );
  }
  return (
    <>
      <p className="jp-mlp-Count" role="status">
        {page.capped
          ? trans.__('more than %1 datasets', count(page.total))
          : trans._n('%1 dataset', '%1 datasets', page.total)}
        {model.narrowed && (
          <Button quiet onClick={() => model.clear()}>
            {trans.__('Clear')}
          </Button>
        )}
      </p>
      <ul className="jp-mlp-Cards">
        {page.items.map(item => (
          <Result key={item.id} item={item} open={open} />
        ))}
      </ul>
      {model.hasMore && (
        <Button className="jp-mod-wide" onClick={() => model.more()}>
          {trans.__('Show more')}
        </Button>
      )}
      {model.tooMany && (
        <p className="jp-mlp-Note">{trans.__('Only these are listed. Add words to narrow the search.')}</p>
      )}
    </>
  );
}

function Result({ item, open }: { item: DatasetSummary; open: IProps['open'] }): React.JSX.Element {
  const trans = useTrans();
  const facts = [
    item.owner,
    trans._n('%1 column', '%1 columns', item.column_count),
    item.rows === null ? '' : trans.__('%1 rows', count(item.rows))
  ];
  return (
    <li>
      <button type="button" className="jp-mlp-Card jp-mod-action" onClick={() => open(item.id)}>
        <span className="jp-mlp-Card-head">
          <span className="jp-mlp-Card-title">{item.title}</span>
          <AccessBadge access={item.access} />
        </span>
        <span className="jp-mlp-Card-facts">{facts.filter(Boolean).join(' · ')}</span>
        {item.description && <span className="jp-mlp-Card-text">{item.description}</span>}
        <span className="jp-mlp-Card-tags">
          <ClassificationBadge classification={item.classification} />
          {item.tags.map(tag => (
            <Badge key={tag}>{tag}</Badge>
          ))}
        </span>
      </button>
    </li>
  );
}
