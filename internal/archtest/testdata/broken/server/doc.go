// Package server has a comment.
package server

import (
	_ "github.com/gin-gonic/gin"
	_ "github.com/uptrace/bun/dialect/pgdialect"
)
