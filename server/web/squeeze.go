package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// worthSqueezing is the length in bytes from which compressing a page pays.
const worthSqueezing = 1400

// takesGzip reports whether the reader takes compressed answers, and marks the answer as one that depends on it.
func takesGzip(c *gin.Context) bool {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	for coding := range strings.SplitSeq(c.GetHeader("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if name == "gzip" && (weight == "" || strings.Trim(weight, "q=0.") != "") { // a weight of nought refuses it
			return true
		}
	}
	return false
}

// squeeze compresses what is served for ever, as well as it can be.
func squeeze(content []byte) []byte {
	var squeezed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&squeezed, gzip.BestCompression)
	if err == nil {
		_, err = writer.Write(content)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("an embedded asset cannot be compressed: %v", err)) // a broken build, found at start
	}
	return squeezed.Bytes()
}

// pageWriters compress pages; making one takes longer than a page does.
var pageWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// squeezePage compresses a page that is made for one reader. Pages hold no secret that a stranger could find out by having
// them compressed beside words of the stranger's: forms are kept from other sites by their origin.
func squeezePage(page []byte) ([]byte, error) {
	var squeezed bytes.Buffer
	squeezed.Grow(len(page) / 5)
	writer := pageWriters.Get().(*gzip.Writer)
	defer pageWriters.Put(writer)
	writer.Reset(&squeezed)
	if _, err := writer.Write(page); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return squeezed.Bytes(), nil
}
