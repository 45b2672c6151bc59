package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed assets/css/*.css assets/js/*.js assets/worker/*.js assets/*.svg assets/vendor/*.js
var embedded embed.FS

// assetBase is where assets lie. A name holds a hash of the content, so it can be kept for ever.
const assetBase = "/assets/"

// assetFile is one file as it is served, and the same compressed.
type assetFile struct {
	media             string
	content, squeezed []byte
}

var media = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// bundles are the folders of assets whose files are served as one, in the order of their names.
var bundles = map[string]string{"assets/css": "holdfast.css", "assets/js": "holdfast.js"}

// assets are all files by their hashed name; assetPaths lead from the plain name to the path to write into a page.
var assets, assetPaths = hashAssets(embedded)

func hashAssets(files fs.FS) (map[string]assetFile, map[string]string) {
	whole := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error { // in lexical order
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		plain := path.Base(name)
		if bundle, known := bundles[path.Dir(name)]; known {
			plain = bundle
		}
		whole[plain] = append(whole[plain], content...)
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("the embedded assets cannot be read: %v", err)) // a broken build, found at start
	}
	byName, paths := map[string]assetFile{}, map[string]string{}
	for plain, content := range whole {
		sum, extension := sha256.Sum256(content), path.Ext(plain)
		hashed := strings.TrimSuffix(plain, extension) + "." + hex.EncodeToString(sum[:6]) + extension
		byName[hashed] = assetFile{media: media[extension], content: content, squeezed: squeeze(content)}
		paths[plain] = assetBase + hashed
	}
	return byName, paths
}

// asset gives the path of an embedded file.
func asset(plain string) string {
	found, known := assetPaths[plain]
	if !known {
		panic("no asset " + plain) // a mistake in a template, found by the first test that renders it
	}
	return found
}

func serveAsset(c *gin.Context) {
	file, known := assets[c.Param("name")]
	if !known {
		c.Header("Cache-Control", "no-store")
		c.String(http.StatusNotFound, "no such asset; reload the page")
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	content := file.content
	if takesGzip(c) {
		content = file.squeezed
		c.Header("Content-Encoding", "gzip")
	}
	c.Data(http.StatusOK, file.media, content)
}
