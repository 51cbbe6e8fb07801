import type { ReactElement } from 'react';
import { useEffect } from 'react';

import { DagPageModel } from '../models/dagpage';
import type { IPlace } from '../models/place';
import { placeText } from '../models/place';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { DagPage } from '../views/DagPage';
import { useModel } from '../views/hooks';
import { Empty } from '../views/Notes';

/** The page of a DAG; the address follows where the person goes in it, and leads there. */
export function DagRoute({ place, studio }: { place: IPlace; studio: IStudio }): ReactElement {
  const model = useModel(() => new DagPageModel({ ...studio, place }), [studio, place.dagId]);
  const wanted = placeText(place);
  useEffect(() => {
    if (model !== null && placeText(model.place) !== wanted) {
      model.go(place);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `place` is another object each time; `wanted` says it all
  }, [model, wanted]);
  useEffect(() => {
    if (model === null) {
      return;
    }
    const follow = (): void => {
      const hash = `#/dags/${placeText(model.place)}`;
      if (hash !== location.hash) {
        history.pushState(null, '', hash);
        window.dispatchEvent(new HashChangeEvent('hashchange')); // `pushState` tells nobody
      }
    };
    model.changed.connect(follow);
    return () => void model.changed.disconnect(follow);
  }, [model]);
  return model === null ? <Empty title={trans.__('Fetching the DAG…')} /> : <DagPage model={model} studio={studio} />;
}
