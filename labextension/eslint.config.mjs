import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// Outputs, logs and names come from other people's code. They reach the page as text or through JupyterLab's
// sanitising renderer; a string never becomes markup here.
const MARKUP_SINKS = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'srcdoc'];
const MARKUP_MESSAGE = 'Build the DOM with textContent, React or the rendermime registry: a string must not become markup.';

// Words for people are looked up in the language of the page: see src/trans.ts.
const WORDS = '/[A-Za-z]{2,}/';
const TOLD = 'JSXAttribute[name.name=/^(title|label|placeholder|alt|help|about|none|aria-label|aria-description)$/]';
const WORDS_MESSAGE = "Say it in words that can be translated: trans.__('…').";

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.mjs', 'build-pages.mjs'] }, tsconfigRootDir: import.meta.dirname }
    },
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',

      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'no-eval': 'error',
      'no-restricted-properties': ['error', ...MARKUP_SINKS.map(property => ({ property, message: MARKUP_MESSAGE }))],
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: MARKUP_MESSAGE },
        { selector: `JSXText[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `${TOLD} > Literal[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `${TOLD} > JSXExpressionContainer > Literal[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `${TOLD} > JSXExpressionContainer > TemplateLiteral > TemplateElement[value.raw=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `${TOLD} > JSXExpressionContainer > ConditionalExpression > Literal[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `JSXElement > JSXExpressionContainer > Literal[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `JSXElement > JSXExpressionContainer > TemplateLiteral > TemplateElement[value.raw=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: `JSXElement > JSXExpressionContainer > ConditionalExpression > Literal[value=${WORDS}]`, message: WORDS_MESSAGE },
        { selector: 'CallExpression[callee.object.name="document"][callee.property.name=/^write(ln)?$/]', message: MARKUP_MESSAGE }
      ],

      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // `Foo.IOptions` beside `class Foo` is how JupyterLab names options.
      '@typescript-eslint/no-namespace': 'off',
      // `signal.connect(this._onX, this)` binds by its second argument, and `Signal.clearData(this)` undoes it.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Lumino calls handlers for their effect: `onClick={async () => …}` is fine, a forgotten await elsewhere is not.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }]
    }
  },
  // `test(…)` of node:test gives a promise that nobody has to wait for.
  { files: ['tests/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } },
  { files: ['*.mjs'], ...tseslint.configs.disableTypeChecked }
);
