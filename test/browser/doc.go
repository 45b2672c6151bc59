// Package browser drives the console in a real Chromium, against a real Holdfast of one process: what people do all day,
// what changes under their eyes, and whether every page is fit for everybody to use.
package browser
