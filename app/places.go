package app

import (
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// placeID is a place in the stream as a reader sends it back.
func placeID(place schemas.StreamPosition) string {
	return place.Xid + "-" + strconv.FormatInt(place.Position, 10)
}

// placeOf reads such a place; known: it is written as ours are.
func placeOf(id string) (place schemas.StreamPosition, known bool) {
	if id == "0" {
		return schemas.StreamPosition{Xid: "0"}, true
	}
	xid, position, found := strings.Cut(id, "-")
	number, err := strconv.ParseInt(position, 10, 64)
	transaction, xidErr := strconv.ParseUint(xid, 10, 64)
	if !found || err != nil || xidErr != nil {
		return schemas.StreamPosition{}, false
	}
	return schemas.StreamPosition{Xid: strconv.FormatUint(transaction, 10), Position: number}, true
}

// PlaceBefore reports whether the place of one id of a LiveEvent comes before that of another. What is no such id comes first.
func PlaceBefore(id, other string) bool {
	place, _ := placeOf(id)
	beyond, _ := placeOf(other)
	return place.Before(beyond)
}

// PlaceOf is the id of an event's place, as a LiveEvent has it.
func PlaceOf(event StreamedEvent) string { return placeID(event.Place()) }
