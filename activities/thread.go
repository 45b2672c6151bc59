package activities

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// send hands a parcel over, beside those before it about the same record where the channel keeps messages together. The first error
// is what the channel answers, the second one of ours.
func (b *batch) send(ctx context.Context, parcel domain.Parcel) (sent, err error) {
	bounded, cancel := context.WithTimeout(ctx, sendBound)
	defer cancel()
	poster, keeps := b.sending.(domain.Poster)
	record := recordOf(parcel)
	if !keeps || record == "" {
		return b.sending.Send(bounded, parcel), nil
	}
	beside, err := schemas.ReadThread(ctx, b.DB, b.order.Destination, parcel.Address, record)
	if err != nil {
		return nil, err
	}
	stands, sent := poster.Post(bounded, parcel, beside)
	if sent == nil && stands != beside {
		if err := schemas.KeepThread(ctx, b.DB, b.order.Destination, parcel.Address, record, stands, b.now()); err != nil {
			// It has been sent, and must not be sent again for this.
			b.Log.WarnContext(ctx, "where a message stands could not be kept; the next one begins anew", "delivery", parcel.ID, "error", err)
		}
	}
	return sent, nil
}

// recordOf is the one record that all of a parcel is about; an escalation stands with what it was called for.
func recordOf(parcel domain.Parcel) (record string) {
	for _, told := range parcel.Told {
		one := told.Word("source")
		if one == "" && told.Record != nil {
			one = told.Record.ID
		}
		if one == "" || record != "" && one != record || !schemas.IsID(one) {
			return ""
		}
		record = one
	}
	return record
}
