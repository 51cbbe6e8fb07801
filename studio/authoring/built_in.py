"""The operators that come with the studio, to call in DAGs."""

from __future__ import annotations

from studio.authoring.task_operators import operator

file_sensor = operator("file_sensor")
http = operator("http")
http_sensor = operator("http_sensor")
shell = operator("shell")
sql = operator("sql")
sql_sensor = operator("sql_sensor")
