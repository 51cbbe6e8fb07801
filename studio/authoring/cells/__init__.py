"""DAGs made of marked cells: `%dag`, `%%setup`, `%%params`, `%%task`. What cells mean is in `studio.core.cells`."""
