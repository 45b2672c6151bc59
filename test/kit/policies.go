package kit

import "net/http"

// Model stores a ChangeModel. Where that needs a second person, this one approves it.
func (a *API) Model(name string, spec any, second *API) {
	a.t.Helper()
	held := a.Do(http.MethodPut, "/policies/ChangeModel/"+name, map[string]any{"reason": "test", "spec": spec}, nil)
	if held.Status == http.StatusOK {
		return
	}
	path := "/policy-proposals/" + held.Is(http.StatusAccepted).Map()["proposal"].(string)
	second.Post(path+"/decide", map[string]any{"vote": "approve", "hash": second.Get(path).Is(http.StatusOK).Map()["hash"]}).Is(http.StatusOK)
}
