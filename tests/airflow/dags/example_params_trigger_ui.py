"""Greetings in the languages that are asked for, from a form."""

from __future__ import annotations

from studio import DAG, Param, task

LANGUAGES = {"english": "Hello", "german": "Hallo", "french": "Bonjour"}


@task
def get_names(names: list[str]) -> list[str]:
    return names


@task.branch
def select_languages(english: bool, german: bool, french: bool) -> list[str]:
    wanted = {"english": english, "german": german, "french": french}
    return [f"generate_{language}_greeting" for language in LANGUAGES if wanted[language]]


@task
def generate_greeting(language: str, name: str) -> str:
    return f"{LANGUAGES[language]} {name}!"


@task(trigger_rule="all_done")
def print_greetings(english: list[str], german: list[str], french: list[str]) -> list[str]:
    return [*english, *german, *french]


with DAG(
    "example_params_trigger_ui",
    params={
        "names": Param(
            ["Linda", "Martha", "Thomas"],
            type="array",
            items={"type": "string"},
            description="Whom to greet, a name a line",
            title="Names to greet",
        ),
        **{language: Param(True, type="boolean", title=language.title()) for language in LANGUAGES},
    },
):
    names = get_names("{{ params.names }}")
    selected = select_languages(*(f"{{{{ params.{language} }}}}" for language in LANGUAGES))
    greetings = []
    for language in LANGUAGES:
        made = generate_greeting.override(task_id=f"generate_{language}_greeting")
        greetings.append(made.partial(language=language).expand(name=names))
    names >> selected >> greetings
    print_greetings(*greetings)
