package main

import "github.com/holdfast-itsm/holdfast/app"

// pages gathers items until there are enough or no more.
func pages[T any](limit int, all bool, read func(cursor string, size int) (app.Page[T], error)) ([]T, bool, error) {
	const largest = 200
	items, cursor := []T{}, ""
	for {
		size := largest
		if !all {
			size = max(1, min(largest, limit-len(items)))
		}
		page, err := read(cursor, size)
		if err != nil {
			return nil, false, err
		}
		items, cursor = append(items, page.Items...), page.NextCursor
		if cursor == "" || (!all && len(items) >= limit) {
			return items, cursor != "", nil
		}
	}
}

// showPages shows what pages gathered, and says when there is more.
func (s *session) showPages(v view, more bool) error {
	if err := s.show(v); err != nil || !more {
		return err
	}
	return s.hint("There are more; --all lists them.")
}
