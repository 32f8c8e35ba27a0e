package cadf

import (
	"strconv"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Decode reads an event. Every object is an event to it: what it does not know,
// or what stands in another form than it should, is in Extras.
func Decode(v literal.Value) Event {
	var d decoder
	if v.Kind == literal.Object {
		d.object("", v, &d.Event)
	} else {
		d.extra("payload", v)
	}
	return d.Event
}

type decoder struct{ Event }

func (d *decoder) extra(path string, v literal.Value) {
	if v.Kind == literal.Null || !v.Scalar() && len(v.Items) == 0 {
		return
	}
	d.Extras = append(d.Extras, Extra{Path: path, Value: v})
}

// text takes a scalar; what a member of the same name said before is kept as an extra.
func (d *decoder) text(field *string, path string, v literal.Value) {
	if !v.Scalar() {
		d.extra(path, v)
		return
	}
	if *field != "" && *field != v.Text {
		d.extra(path, literal.Value{Kind: literal.String, Text: *field})
	}
	*field = v.Text
}

// ReadTexts puts the scalar members of an object into the fields that field names.
// Members that are known but have no field are left out; all others are returned,
// as is the earlier value of one that occurs twice.
func ReadTexts(object literal.Value, field func(key string) (field *string, known bool)) []Extra {
	var d decoder
	for _, m := range object.Items {
		switch text, known := field(m.Key); {
		case text != nil:
			d.text(text, m.Key, m)
		case !known:
			d.extra(m.Key, m)
		}
	}
	return d.Extras
}

// object reads the members of an object, whose paths begin with its own.
func (d *decoder) object(path string, v literal.Value, o Object) {
	for _, m := range v.Items {
		within := m.Key
		if path != "" {
			within = path + "_" + m.Key
		}
		d.member(within, m, o.Place(m.Key))
	}
}

// member reads a member; what stands there in another form than it should is an extra.
func (d *decoder) member(path string, v literal.Value, place any) {
	isObject, isNull := v.Kind == literal.Object, v.Kind == literal.Null
	switch place := place.(type) {
	case *string:
		d.text(place, path, v)
	case *InitiatorID:
		if !isNull {
			d.HasInitiator = true
			d.text((*string)(place), path, v)
		}
	case Dropped:
	case *literal.Value:
		d.extra(path, *place)
		*place = v
	case *Document:
		if !isObject || place.Kind != literal.Null {
			d.extra(path, v)
			return
		}
		*place = Document(v)
	case Object:
		if place == Object(&d.Initiator) && !isNull {
			d.HasInitiator = true
		}
		if !isObject {
			d.extra(path, v)
			return
		}
		d.object(path, v, place)
	case nil:
		d.extra(path, v)
	default: // an array; a lone value counts as an array of itself
		if v.Kind != literal.Array {
			d.element(path, v, place)
			return
		}
		for i, element := range v.Items {
			d.element(path+"_"+strconv.Itoa(i), element, place)
		}
	}
}

func (d *decoder) element(path string, v literal.Value, list any) {
	isObject := v.Kind == literal.Object
	switch list := list.(type) {
	case List:
		if isObject {
			d.object(path, v, list.Add())
			return
		}
	case *Documents:
		if isObject {
			*list = append(*list, v)
			return
		}
	case *[]string:
		if v.Scalar() {
			if v.Text != "" {
				*list = append(*list, v.Text)
			}
			return
		}
	}
	d.extra(path, v)
}
