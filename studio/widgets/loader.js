// What a saved notebook holds of a live view: it asks the kernel for the rest, once for a page.
const LONG = 2000; // milliseconds, after which one is told what is waited for
const TOO_LONG = 60000; // milliseconds for the file of a kernel that has just answered

function ask(model, message) {
  return new Promise((resolve, reject) => {
    const id = -1 - Math.floor(Math.random() * 1e9); // the module itself counts up from 1
    const listen = (answer, buffers) => {
      if (answer.id === id) {
        model.off('msg:custom', listen);
        answer.error ? reject(new Error(answer.error)) : resolve(buffers[0]);
      }
    };
    model.on('msg:custom', listen);
    model.send({ ...message, id });
  });
}

async function load(model) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('The kernel is gone. Run the cell again.')), TOO_LONG));
  const content = await Promise.race([ask(model, { do: 'asset', name: 'live.js' }), late]);
  const url = URL.createObjectURL(new Blob([content], { type: 'text/javascript' }));
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
  const timer = setTimeout(() => {
    note.textContent = 'Pipeline Studio: the kernel does not answer. It may run a cell; if it was restarted, run this cell again.';
  }, LONG);
  try {
    await ask(model, { do: 'ping' }); // a widget whose kernel is gone must not be the one that the others wait for
    globalThis[key] ??= load(model).catch(error => {
      globalThis[key] = undefined;
      throw error;
    });
    const { mount } = await globalThis[key];
    const end = await mount(model, el);
    note.remove();
    return end;
  } catch (error) {
    note.textContent = `Pipeline Studio: ${error.message}`;
  } finally {
    clearTimeout(timer);
  }
}

export default { render };
