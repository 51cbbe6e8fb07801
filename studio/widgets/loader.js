// What a saved notebook holds of a live view: it asks the kernel for the rest, once for a page.
const PATIENCE = 60000; // milliseconds

function ask(model, name) {
  return new Promise((resolve, reject) => {
    const id = -1 - Math.floor(Math.random() * 1e9); // the module itself counts up from 1
    const settle = (action, value) => {
      clearTimeout(timer);
      model.off('msg:custom', listen);
      action(value);
    };
    const listen = (answer, buffers) => {
      if (answer.id === id) {
        answer.error === undefined ? settle(resolve, buffers[0]) : settle(reject, new Error(answer.error));
      }
    };
    const timer = setTimeout(() => settle(reject, new Error('The kernel does not answer. Run the cell again.')), PATIENCE);
    model.on('msg:custom', listen);
    model.send({ do: 'asset', id, name });
  });
}

async function load(model) {
  const url = URL.createObjectURL(new Blob([await ask(model, 'live.js')], { type: 'text/javascript' }));
  try {
    return await import(/* webpackIgnore: true */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function render({ model, el }) {
  const key = Symbol.for(`pipeline-studio ${model.get('version')}`);
  const note = document.createElement('p');
  note.textContent = 'Pipeline Studio: loading…';
  el.appendChild(note);
  try {
    globalThis[key] ??= load(model);
    const { mount } = await globalThis[key];
    const end = await mount(model, el);
    note.remove();
    return end;
  } catch (error) {
    globalThis[key] = undefined;
    note.textContent = `Pipeline Studio: ${error.message}`;
  }
}

export default { render };
