package domain

import (
	_ "os"

	_ "example.test/broken/server"
)
