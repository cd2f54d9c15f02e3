"""Features of images.

boxes      objects marked in images, and detections compared with them
features   the table of features: sizes, light, colours, sharpness, camera data
pixels     images as arrays of pixels, and their files
shown      people, faces and texts, as marked or as detected
vectors    numbers by which images are compared
"""
