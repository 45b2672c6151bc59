package domain

import "time"

var began = time.Now()
