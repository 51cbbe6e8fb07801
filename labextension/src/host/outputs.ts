import type { IOutput } from '@jupyterlab/nbformat';
import { OutputArea, OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { PartialJSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { IOutputsView, Output } from '../host';
import { normalised } from '../models/nbformat';

/** Outputs drawn by JupyterLab's own output area, never trusted. */
export class LabOutputs implements IOutputsView {
  constructor(options: LabOutputs.IOptions) {
    this._shown = normalised(options.outputs);
    this._model = new OutputAreaModel({ values: this._shown.map(asOutput), trusted: false });
    this._area = new SimplifiedOutputArea({
      model: this._model,
      rendermime: options.rendermime,
      contentFactory: OutputArea.defaultContentFactory
    });
    // `Widget.attach` wants a host that no other widget owns; inside React that cannot be, so the messages are sent here.
    MessageLoop.sendMessage(this._area, Widget.Msg.BeforeAttach);
    options.node.appendChild(this._area.node);
    MessageLoop.sendMessage(this._area, Widget.Msg.AfterAttach);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    if (this._area.isAttached) {
      MessageLoop.sendMessage(this._area, Widget.Msg.BeforeDetach);
      this._area.node.remove();
      MessageLoop.sendMessage(this._area, Widget.Msg.AfterDetach);
    }
    this._area.dispose();
    this._model.dispose();
  }

  set(outputs: readonly Output[]): void {
    const wanted = normalised(outputs);
    if (wanted.length < this._shown.length) {
      this._model.fromJSON(wanted.map(asOutput));
    } else {
      for (const [index, output] of wanted.entries()) {
        const known = this._shown[index];
        if (known === undefined) {
          this._model.add(asOutput(output));
        } else if (!JSONExt.deepEqual(known as PartialJSONValue, output as PartialJSONValue)) {
          this._model.set(index, asOutput(output));
        }
      }
    }
    this._shown = wanted;
  }

  private readonly _model: OutputAreaModel;
  private readonly _area: SimplifiedOutputArea;
  private _shown: readonly Output[];
  private _isDisposed = false;
}

export namespace LabOutputs {
  export interface IOptions {
    node: HTMLElement;
    outputs: readonly Output[];
    rendermime: IRenderMimeRegistry;
  }
}

function asOutput(output: Output): IOutput {
  return output as IOutput;
}
